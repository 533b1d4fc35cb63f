-- Takes customers out of a run's pending set and counts each once, however often it is reported.
-- KEYS: pending set, counters hash. ARGV: ttl in seconds, then company id, counter pairs.
local counted = 0
for i = 2, #ARGV, 2 do
  if redis.call('SREM', KEYS[1], ARGV[i]) == 1 then
    redis.call('HINCRBY', KEYS[2], ARGV[i + 1], 1)
    counted = counted + 1
  end
end
if counted > 0 then
  redis.call('EXPIRE', KEYS[2], ARGV[1])
end
return counted
