-- Writes down what became of members of a batch and frees their keys. A member that is gone already is skipped, so
-- a commit whose answer was lost can be repeated.
-- ARGV: 3 owner, 4 batch, 5 fence, 6 verify delay ms (0: no need), 7 count;
--       per member: slot, result, row id, floor.
-- Results: k landed in row id | p the same, but the id was taken from an answer by its place | x removed | d nothing happened, free the key | g the row is gone, forget its id
--          i the row id is known but not whose content it holds (floor '1': nor how old that is)
if not index_ready() then return {'NOINDEX'} end
local owner, batch, fence = ARGV[3], ARGV[4], ARGV[5]
if not owns(batch, owner, fence) then return {'FENCED'} end

local delay, time = tonumber(ARGV[6]), clock()
local hash_key = batch_key(batch)
local left = tonumber(redis.call('HGET', hash_key, 'n'))
local parted = nil
-- Rows that came and went: after the walk nobody else counts them.
local more = 0

for n = 0, tonumber(ARGV[7]) - 1 do
  local at = 8 + n * 4
  local slot, result, id, floor = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local packed = redis.call('HGET', hash_key, 'm' .. slot)
  if packed then
    local member = split(packed)
    local company, version, content = member[2], member[3], member[4]
    if member[1] == 'c' then
      parted = parted or {}
      parted[redis.call('HGET', hash_key, 't' .. slot)] = true
    end
    local key = row_key(company)
    more = more - redis.call('HEXISTS', key, 'id')
    redis.call('HDEL', key, 'b')
    redis.call('HSET', key, 'w', string.format('%d', time))
    if result == 'k' then
      redis.call('HSET', key, 'id', id, 'v', version, 'h', content)
      redis.call('HDEL', key, 'f', 'u', 'r', 'q', 'x')
    elseif result == 'p' then
      redis.call('HSET', key, 'id', id == '' and '' or '?' .. id, 'v', version, 'h', content)
      redis.call('HDEL', key, 'f', 'u', 'r', 'q', 'x')
    elseif result == 'x' then
      redis.call('HDEL', key, 'id', 'h', 'f', 'u', 'r', 'q', 'x')
      redis.call('HSET', key, 'v', version)
    elseif result == 'g' then
      redis.call('HDEL', key, 'id', 'h', 'f', 'x')
    elseif result == 'i' then
      redis.call('HSET', key, 'id', id, 'h', '')
      if floor ~= '0' then redis.call('HSET', key, 'f', sequence_now()) end
    end
    more = more + redis.call('HEXISTS', key, 'id')
    -- Also when nothing happened: the call whose end is not known may still come, over what is written next.
    if delay > 0 then verify_at(company, time + delay) end
    redis.call('HDEL', hash_key, 'm' .. slot, 'j' .. slot, 't' .. slot, 's' .. slot)
    left = left - 1
  end
end

-- While the walk goes on it comes by the new ones itself.
if more ~= 0 and redis.call('HGET', KEYS[1], 'state') == 'complete' then
  local rows = tonumber(redis.call('HGET', KEYS[1], 'rows') or '0') + more
  redis.call('HSET', KEYS[1], 'rows', string.format('%d', math.max(rows, 0)))
end

if left <= 0 then
  redis.call('DEL', hash_key)
  redis.call('ZREM', KEYS[2], batch)
else
  redis.call('HSET', hash_key, 'n', left)
  -- The vendor tells the rows of a transaction apart by their place: what is left of one is never sent under its id again.
  for _, field in ipairs(parted and redis.call('HKEYS', hash_key) or {}) do
    local slot = string.match(field, '^t(%d+)$')
    if slot and parted[redis.call('HGET', hash_key, field)] then redis.call('HSET', hash_key, 's' .. slot, '0') end
  end
end
return {'OK'}
