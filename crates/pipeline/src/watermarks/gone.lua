-- KEYS: hashes of companies. ARGV: update time and sequence of each one's removal, or of its leaving. The latest stays.
for i = 1, #KEYS do
  local old = redis.call('HMGET', KEYS[i], 'x', 'xs', 'l')
  local time, sequence = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local last, last_sequence = tonumber(old[1]), tonumber(old[2] or '0')
  if not last or time > last or (time == last and sequence > last_sequence) then
    redis.call('HSET', KEYS[i], 'x', ARGV[2 * i - 1], 'xs', ARGV[2 * i])
  end
  if old[3] and tonumber(old[3]) <= time then redis.call('HDEL', KEYS[i], 'l', 'e') end
end
return redis.status_reply('OK')
