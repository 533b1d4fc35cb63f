-- ARGV: id, kind (JSON), lane, by, reason, patience (ms), how many may be open.
-- Returns the id of the wish, and whether it is new; or nothing and how many are open.
for _, wish in ipairs(opened) do
  if wish.state == 'waiting' and wish.kind == ARGV[2] then return { wish.id, '0' } end
end
if #opened >= tonumber(ARGV[7]) then return { false, tostring(#opened) } end
local id = ARGV[1]
redis.call('HSET', prefix .. id, 'kind', ARGV[2], 'lane', ARGV[3], 'by', ARGV[4], 'reason', ARGV[5], 'patience_ms', ARGV[6],
  'state', 'waiting', 'asked_ms', at(now))
keep(id)
-- Of one millisecond the first is the first.
local last = tonumber(redis.call('ZREVRANGE', all, 0, 0, 'WITHSCORES')[2] or 0)
local place = string.format('%.3f', math.max(now, last + 0.001))
redis.call('ZADD', all, place, id)
redis.call('ZADD', open, place, id)
redis.call('ZREMRANGEBYSCORE', all, 0, at(now - KEPT))
local too_many = redis.call('ZCARD', all) - MOST
if too_many > 0 then
  for _, old in ipairs(redis.call('ZRANGE', all, 0, too_many - 1)) do
    if not redis.call('ZSCORE', open, old) then
      redis.call('ZREM', all, old)
      redis.call('DEL', prefix .. old)
    end
  end
end
redis.call('PEXPIRE', all, KEPT)
redis.call('PEXPIRE', open, KEPT)
return { id, '1' }
