-- Writes down what became of members of a batch and frees their keys. A member that is gone already is skipped, so
-- a commit whose answer was lost can be repeated.
-- ARGV: 3 owner, 4 batch, 5 fence, 6 verify delay ms (0: no need; below 0: the answers were definite, and are only
--       looked at, see `c` in schema.rs), 7 count;
--       per member: slot, result, row id, floor.
-- Results: k landed in row id | p the same, but the id was taken from an answer by its place | x removed | d nothing happened, free the key | g the row is gone, forget its id
--          o put off: nothing was sent | y the vendor says that the row is gone, and shows it: put off since the first of these
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

local any_twins = redis.call('EXISTS', prefix .. 'dups:of') == 1
local count = tonumber(ARGV[7])
-- Of `c`, in bytes; a hash is shorter than a third.
local most = 150
local fields = {}
for n = 0, count - 1 do
  local slot = ARGV[8 + n * 4]
  fields[#fields + 1] = 'm' .. slot
  fields[#fields + 1] = 't' .. slot
end
-- One reading and one removal for all members, and of each row one of each.
local kept = count > 0 and redis.call('HMGET', hash_key, unpack(fields)) or {}
local gone = {}

for n = 0, count - 1 do
  local at = 8 + n * 4
  local slot, result, id, floor = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local packed = not gone[slot] and kept[2 * n + 1]
  if packed then
    gone[slot] = true
    local kind, company, version, content = string.match(packed, '^(.-)\n(.-)\n(.-)\n(.-)\n')
    if kind == 'c' then
      parted = parted or {}
      parted[kept[2 * n + 2]] = true
    end
    local key, at_ms = row_key(company), string.format('%d', time)
    local before = redis.call('HMGET', key, 'id', 'h', 'c')
    local had = before[1] and 1 or 0
    local has = had
    if result == 'k' or result == 'p' then
      local known = (result == 'k' or id == '') and id or '?' .. id
      redis.call('HSET', key, 'w', at_ms, 'id', known, 'v', version, 'h', content)
      redis.call('HDEL', key, 'b', 'f', 'u', 'r', 'q', 'x', 'l', 'o')
      has = 1
    elseif result == 'x' then
      redis.call('HSET', key, 'w', at_ms, 'v', version)
      redis.call('HDEL', key, 'b', 'id', 'h', 'f', 'u', 'r', 'q', 'x', 'l', 'o')
      has = 0
    elseif result == 'g' then
      redis.call('HSET', key, 'w', at_ms)
      redis.call('HDEL', key, 'b', 'id', 'h', 'f', 'x', 'l', 'o')
      has = 0
    elseif result == 'o' or result == 'y' then
      -- `w` stays: how old the row is tells for how long it may not be seen.
      redis.call('HDEL', key, 'b')
      if result == 'y' then redis.call('HSETNX', key, 'o', at_ms) end
    else
      redis.call('HSET', key, 'w', at_ms)
      redis.call('HDEL', key, 'b')
      if result == 'i' then
        redis.call('HSET', key, 'id', id, 'h', '')
        redis.call('HDEL', key, 'o')
        if floor ~= '0' then redis.call('HSET', key, 'f', sequence_now()) end
        has = 1
      end
    end
    more = more + has - had
    if any_twins and (result == 'k' or result == 'i') then is_kept(id) end
    -- Also when nothing happened: the call whose end is not known may still come, over what is written next.
    if delay > 0 then
      redis.call('HDEL', key, 'c')
      verify_at(company, time + delay)
    elseif delay < 0 and (result == 'k' or result == 'p' or result == 'x') and (before[3] or not redis.call('ZSCORE', KEYS[3], company)) then
      -- Of a row that is changed several times before it is read again each of its contents tells.
      local held = kind == 'u' and before[2] or ''
      redis.call('HSET', key, 'c', string.sub((before[3] or '') .. '\n' .. held, -most))
      verify_at(company, time - delay)
    end
    left = left - 1
  end
end
local settled = {}
for slot in pairs(gone) do
  for _, field in ipairs({'m', 'j', 't', 's', 'i'}) do settled[#settled + 1] = field .. slot end
end
if #settled > 0 then redis.call('HDEL', hash_key, unpack(settled)) end

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
