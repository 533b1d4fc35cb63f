-- What was pushed about rows and is not dealt with yet: one entry for each row, however often it was pushed.
-- KEYS: 1 zset row -> when it is looked at next, 2 hash row -> what was pushed, 3 zset push -> until when it is remembered.
-- ARGV: 1 operation.
--  note:   2 row, 3 kind (c, u, r or v), 4 key, 5 hash of what the push shows, 6 delay ms, 7 rows at most,
--          8 how long the push is remembered, ms, 9 pushes at most, then what the push is known by, each '' or a name.
--          Returns noted | repeated | full.
--  take:   2 most, 3 how long nobody else gets them, ms.  Returns clock, rows that wait, then row and what was pushed.
--  settle: 2 count; per row: row, its number of pushes when it was taken, delay ms or -1 when it is done.
--          What was pushed since is looked at again at once.
-- What was pushed, one a line: kinds, key, the key before, hash, pushes, tries, time of the first and of the last push.
local t = redis.call('TIME')
local time = t[1] * 1000 + math.floor(t[2] / 1000)

local function unpacked(text)
  local parts = {}
  for part in string.gmatch((text or '') .. '\n', '(.-)\n') do parts[#parts + 1] = part end
  return parts
end

if ARGV[1] == 'note' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', time)
  for n = 10, #ARGV do
    if ARGV[n] ~= '' and redis.call('ZSCORE', KEYS[3], ARGV[n]) then return {'repeated'} end
  end
  local row, kind, key, content = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  local held = redis.call('HGET', KEYS[2], row)
  if not held and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[7]) then return {'full'} end
  local was = held and unpacked(held) or {'', '', '', '', '0', '0', string.format('%d', time), ''}
  local kinds = string.find(was[1], kind, 1, true) and was[1] or was[1] .. kind
  local before = was[3]
  if was[2] ~= '' and was[2] ~= key then before = was[2] end
  redis.call('HSET', KEYS[2], row, table.concat({kinds, key, before, content,
    string.format('%d', tonumber(was[5]) + 1), '0', was[7], string.format('%d', time)}, '\n'))
  -- One that is being looked at, or was put off, comes when that is over.
  if not held or not redis.call('ZSCORE', KEYS[1], row) then
    redis.call('ZADD', KEYS[1], time + tonumber(ARGV[6]), row)
  end
  for n = 10, #ARGV do
    if ARGV[n] ~= '' then redis.call('ZADD', KEYS[3], time + tonumber(ARGV[8]), ARGV[n]) end
  end
  local surplus = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[9])
  if surplus > 0 then redis.call('ZREMRANGEBYRANK', KEYS[3], 0, surplus - 1) end
  return {'noted'}
elseif ARGV[1] == 'take' then
  local answer = {string.format('%d', time), string.format('%d', redis.call('ZCARD', KEYS[1]))}
  for _, row in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', time, 'LIMIT', 0, tonumber(ARGV[2]))) do
    local held = redis.call('HGET', KEYS[2], row)
    if held then
      redis.call('ZADD', KEYS[1], time + tonumber(ARGV[3]), row)
      answer[#answer + 1] = row
      answer[#answer + 1] = held
    else
      redis.call('ZREM', KEYS[1], row)
    end
  end
  return answer
end

for n = 0, tonumber(ARGV[2]) - 1 do
  local row, pushes, delay = ARGV[3 + n * 3], ARGV[4 + n * 3], tonumber(ARGV[5 + n * 3])
  local was = unpacked(redis.call('HGET', KEYS[2], row))
  if was[5] ~= pushes then
    if was[5] then redis.call('ZADD', KEYS[1], time, row) end
  elseif delay < 0 then
    redis.call('ZREM', KEYS[1], row)
    redis.call('HDEL', KEYS[2], row)
  else
    was[6] = string.format('%d', tonumber(was[6]) + 1)
    redis.call('HSET', KEYS[2], row, table.concat(was, '\n'))
    redis.call('ZADD', KEYS[1], time + delay, row)
  end
end
return {}
