-- Calls are sent later than granted: the buckets count them from when they really leave.
-- KEYS[2b-1], KEYS[2b] per bucket: state and log. ARGV[b] when the bucket's day begins (s), then for each call the time under
-- which it is known, and the real one.
local function moved(state, log, offset, known, moved_to)
  local real = tonumber(moved_to)
  local length = redis.call('LLEN', log)
  redis.call('LREM', log, 1, known)
  -- The newest call stays first, and one that was forgotten because it took so long is known again. From the newest on, for
  -- a call is rarely late by many others, and the log of a fast bucket is long.
  local later, from, times = nil, 0, nil
  repeat
    times = redis.call('LRANGE', log, from, from + 31)
    for _, time in ipairs(times) do
      if tonumber(time) <= real then
        later = time
        break
      end
    end
    from = from + 32
  until later or #times == 0
  if later then
    redis.call('LINSERT', log, 'BEFORE', later, moved_to)
  else
    redis.call('RPUSH', log, moved_to)
  end
  redis.call('LTRIM', log, 0, math.max(length, 1) - 1)
  -- Past midnight it belongs to the new day.
  local day, granted = math.floor((real / 1000000 + offset) / 86400), math.floor((known / 1000000 + offset) / 86400)
  if day > granted then
    local counted = tonumber(redis.call('HGET', state, 'day') or -1)
    if counted == granted then
      redis.call('HSET', state, 'day', day, 'used', 1, 'made', 1)
    elseif counted == day then
      redis.call('HINCRBY', state, 'used', 1)
      redis.call('HINCRBY', state, 'made', 1)
    end
  end
end

local buckets = #KEYS / 2
for b = 1, buckets do
  for call = buckets + 1, #ARGV, 2 do
    moved(KEYS[2 * b - 1], KEYS[2 * b], tonumber(ARGV[b]), ARGV[call], ARGV[call + 1])
  end
  redis.call('PEXPIRE', KEYS[2 * b], 172800000)
end
return redis.status_reply('OK')
