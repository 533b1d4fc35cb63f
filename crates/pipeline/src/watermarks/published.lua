-- KEYS: hashes of companies. ARGV: update time, sequence and digest of each. The newest version stays.
for i = 1, #KEYS do
  local time, sequence = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local old = redis.call('HMGET', KEYS[i], 'pu', 'ps')
  local old_time, old_sequence = tonumber(old[1]), tonumber(old[2])
  local newer = not old_time or time > old_time or (time == old_time and sequence >= old_sequence)
  if newer then
    redis.call('HSET', KEYS[i], 'pu', ARGV[3 * i - 2], 'ps', ARGV[3 * i - 1], 'pd', ARGV[3 * i])
  end
end
return redis.status_reply('OK')
