-- A call was sent later than granted: the buckets count it from when it really left.
-- KEYS[2b-1], KEYS[2b] per bucket: state and log. ARGV[1] the granted time, ARGV[2] the real one.
for b = 1, #KEYS / 2 do
  for at, time in ipairs(redis.call('LRANGE', KEYS[2 * b], 0, -1)) do
    if time == ARGV[1] then
      redis.call('LSET', KEYS[2 * b], at - 1, ARGV[2])
      break
    end
  end
end
return redis.status_reply('OK')
