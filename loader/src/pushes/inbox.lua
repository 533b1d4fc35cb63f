-- What was pushed about rows and is not dealt with yet: one entry for each row, however often it was pushed.
-- KEYS: 1 zset row -> when it is looked at next, 2 hash row -> what was pushed, 3 zset push -> until when it is remembered,
--       4 the first one for rows of nobody that is known, 5 how many of these were handed out within the minute.
-- ARGV: 1 operation.
--  note:   2 row, 3 kind (c, u, r or v), 4 key, 5 hash of what the push shows, 6 delay ms, 7 rows at most,
--          8 how long the push is remembered, ms, 9 pushes at most, 10 '1': its customer is known, 11 rows of nobody
--          known at most, then what the push is known by, each '' or a name.
--          Returns noted | repeated | full | left: too many rows of nobody known wait.
--  take:   2 most, 3 how long nobody else gets them, ms, 4 rows of nobody known at most, and 5 within a minute.
--          Returns clock, rows that wait, of these of nobody known, then row and what was pushed: known ones first.
--  unknown: 2 most. Returns rows of nobody known that wait.
--  known:  then rows that turned out to be somebody's: they wait with those of known customers from now on.
--  settle: 2 count; per row: row, its number of pushes when it was taken, delay ms or -1 when it is done.
--          What was pushed since is looked at again at once.
-- What was pushed, one a line: kinds, key, the key before, hash, pushes, tries, time of the first and of the last push,
-- '1' when it is about a known customer.
local t = redis.call('TIME')
local time = t[1] * 1000 + math.floor(t[2] / 1000)

local function queue_of(was) return was[9] == '1' and KEYS[1] or KEYS[4] end

local function unpacked(text)
  local parts = {}
  for part in string.gmatch((text or '') .. '\n', '(.-)\n') do parts[#parts + 1] = part end
  return parts
end

if ARGV[1] == 'note' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', time)
  for n = 12, #ARGV do
    if ARGV[n] ~= '' and redis.call('ZSCORE', KEYS[3], ARGV[n]) then return {'repeated'} end
  end
  local row, kind, key, content = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  local held = redis.call('HGET', KEYS[2], row)
  local known = ARGV[10] == '1'
  if not held and not known and redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[11]) then return {'left'} end
  if not held and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[7]) then return {'full'} end
  local was = held and unpacked(held) or {'', '', '', '', '0', '0', string.format('%d', time), '', ''}
  local kinds = string.find(was[1], kind, 1, true) and was[1] or was[1] .. kind
  local before = was[3]
  if was[2] ~= '' and was[2] ~= key then before = was[2] end
  local first = known or was[9] == '1'
  redis.call('HSET', KEYS[2], row, table.concat({kinds, key, before, content,
    string.format('%d', tonumber(was[5]) + 1), '0', was[7], string.format('%d', time), first and '1' or ''}, '\n'))
  local queue = first and KEYS[1] or KEYS[4]
  if first then
    -- It was nobody's until now, and does not wait with those any more.
    local due = redis.call('ZSCORE', KEYS[4], row)
    if due then
      redis.call('ZREM', KEYS[4], row)
      redis.call('ZADD', KEYS[1], due, row)
    end
  end
  -- One that is being looked at, or was put off, comes when that is over.
  if not held or not redis.call('ZSCORE', queue, row) then
    redis.call('ZADD', queue, time + tonumber(ARGV[6]), row)
  end
  for n = 12, #ARGV do
    if ARGV[n] ~= '' then redis.call('ZADD', KEYS[3], time + tonumber(ARGV[8]), ARGV[n]) end
  end
  local surplus = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[9])
  if surplus > 0 then redis.call('ZREMRANGEBYRANK', KEYS[3], 0, surplus - 1) end
  return {'noted'}
elseif ARGV[1] == 'take' then
  local waiting = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[4])
  local answer = {string.format('%d', time), string.format('%d', waiting), string.format('%d', redis.call('ZCARD', KEYS[4]))}
  local function hand_out(queue, most)
    local count = 0
    for _, row in ipairs(redis.call('ZRANGEBYSCORE', queue, '-inf', time, 'LIMIT', 0, most)) do
      local held = redis.call('HGET', KEYS[2], row)
      if held then
        redis.call('ZADD', queue, time + tonumber(ARGV[3]), row)
        answer[#answer + 1] = row
        answer[#answer + 1] = held
        count = count + 1
      else
        redis.call('ZREM', queue, row)
      end
    end
    return count
  end
  local known = hand_out(KEYS[1], tonumber(ARGV[2]))
  local used = tonumber(redis.call('GET', KEYS[5]) or '0')
  local room = math.min(tonumber(ARGV[2]) - known, tonumber(ARGV[4]), tonumber(ARGV[5]) - used)
  if room > 0 then
    local count = hand_out(KEYS[4], room)
    if count > 0 and redis.call('INCRBY', KEYS[5], count) == count then redis.call('PEXPIRE', KEYS[5], 60000) end
  end
  return answer
elseif ARGV[1] == 'unknown' then
  return redis.call('ZRANGE', KEYS[4], 0, tonumber(ARGV[2]) - 1)
elseif ARGV[1] == 'known' then
  for n = 2, #ARGV do
    local row = ARGV[n]
    local due, held = redis.call('ZSCORE', KEYS[4], row), redis.call('HGET', KEYS[2], row)
    if due and held then
      local was = unpacked(held)
      was[9] = '1'
      redis.call('HSET', KEYS[2], row, table.concat(was, '\n'))
      redis.call('ZREM', KEYS[4], row)
      redis.call('ZADD', KEYS[1], due, row)
    end
  end
  return {}
end

for n = 0, tonumber(ARGV[2]) - 1 do
  local row, pushes, delay = ARGV[3 + n * 3], ARGV[4 + n * 3], tonumber(ARGV[5 + n * 3])
  local was = unpacked(redis.call('HGET', KEYS[2], row))
  if was[5] ~= pushes then
    if was[5] then redis.call('ZADD', queue_of(was), time, row) end
  elseif delay < 0 then
    redis.call('ZREM', KEYS[1], row)
    redis.call('ZREM', KEYS[4], row)
    redis.call('HDEL', KEYS[2], row)
  else
    was[6] = string.format('%d', tonumber(was[6]) + 1)
    redis.call('HSET', KEYS[2], row, table.concat(was, '\n'))
    redis.call('ZADD', queue_of(was), time + delay, row)
  end
end
return {}
