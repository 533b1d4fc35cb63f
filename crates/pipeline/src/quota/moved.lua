-- A call is sent later than granted: the buckets count it from when it really leaves.
-- KEYS[2b-1], KEYS[2b] per bucket: state and log. ARGV[1] the time under which it is known, ARGV[2] the real one, ARGV[2+b]
-- when the bucket's day begins (s).
local real = tonumber(ARGV[2])
for b = 1, #KEYS / 2 do
  local state, log = KEYS[2 * b - 1], KEYS[2 * b]
  local length = redis.call('LLEN', log)
  redis.call('LREM', log, 1, ARGV[1])
  -- The newest call stays first, and one that was forgotten because it took so long is known again.
  local later
  for _, time in ipairs(redis.call('LRANGE', log, 0, -1)) do
    if tonumber(time) <= real then
      later = time
      break
    end
  end
  if later then
    redis.call('LINSERT', log, 'BEFORE', later, ARGV[2])
  else
    redis.call('RPUSH', log, ARGV[2])
  end
  redis.call('LTRIM', log, 0, math.max(length, 1) - 1)
  redis.call('PEXPIRE', log, 172800000)
  -- Past midnight it belongs to the new day.
  local offset = tonumber(ARGV[2 + b])
  local day, granted = math.floor((real / 1000000 + offset) / 86400), math.floor((ARGV[1] / 1000000 + offset) / 86400)
  local counted = tonumber(redis.call('HGET', state, 'day') or -1)
  if day > granted and counted == granted then
    redis.call('HSET', state, 'day', day, 'used', 1, 'made', 1)
  elseif day > granted and counted == day then
    redis.call('HINCRBY', state, 'used', 1)
    redis.call('HINCRBY', state, 'made', 1)
  end
end
return redis.status_reply('OK')
