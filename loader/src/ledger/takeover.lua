-- Takes a batch whose loader is dead (its lease is over) or which this loader itself has let go of.
-- ARGV: 3 owner, 4 batch, 5 lease ms, 6 '1': also when the lease runs but is the caller's own.
-- Returns OK, clock, fence, '1' when it was another loader's, and the batch's fields; or BUSY, GONE.
if not index_ready() then return {'NOINDEX'} end
local owner, batch = ARGV[3], ARGV[4]
local key = batch_key(batch)
local held = redis.call('HMGET', key, 'lease', 'owner')
if not held[1] then
  redis.call('ZREM', KEYS[2], batch)
  return {'GONE'}
end
local time = clock()
if tonumber(held[1]) > time and not (ARGV[6] == '1' and held[2] == owner) then return {'BUSY'} end
local fence = string.format('%d', redis.call('INCR', prefix .. 'fence'))
local lease = string.format('%d', time + tonumber(ARGV[5]))
redis.call('HSET', key, 'owner', owner, 'fence', fence, 'lease', lease)
redis.call('ZADD', KEYS[2], lease, batch)
local answer = {'OK', string.format('%d', time), fence, held[2] == owner and '0' or '1'}
for _, item in ipairs(redis.call('HGETALL', key)) do answer[#answer + 1] = item end
return answer
