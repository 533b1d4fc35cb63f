-- Remembers customers that the vendor lists and does not show.
-- KEYS: sorted set by the time they were last concluded or asked for, sorted set by the first time, hash of wanted update times.
-- ARGV: now (ms), how many are kept, then pairs of customer and update time.
for i = 3, #ARGV, 2 do
  local id, wanted = ARGV[i], tonumber(ARGV[i + 1])
  redis.call('ZADD', KEYS[1], ARGV[1], id)
  redis.call('ZADD', KEYS[2], 'NX', ARGV[1], id)
  local known = tonumber(redis.call('HGET', KEYS[3], id) or 0)
  redis.call('HSET', KEYS[3], id, string.format('%.0f', math.max(wanted, known)))
end
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[2])
if over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, over - 1)) do
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    redis.call('HDEL', KEYS[3], id)
  end
end
