-- KEYS: hashes of companies. ARGV: the update time of each one's removal, or of its leaving. The latest stays.
for i = 1, #KEYS do
  local old = redis.call('HMGET', KEYS[i], 'x', 'l')
  local time = tonumber(ARGV[i])
  if not old[1] or time > tonumber(old[1]) then redis.call('HSET', KEYS[i], 'x', ARGV[i]) end
  if old[2] and tonumber(old[2]) <= time then redis.call('HDEL', KEYS[i], 'l', 'e') end
end
return redis.status_reply('OK')
