-- Takes customers out of a run's pending set and counts each once, however often it is reported.
-- KEYS: pending set, counters hash. ARGV: ttl in seconds, then company id, counter pairs.
local counted, counters = 0, {}
for i = 2, #ARGV, 2 do
  if redis.call('SREM', KEYS[1], ARGV[i]) == 1 then
    counters[ARGV[i + 1]] = (counters[ARGV[i + 1]] or 0) + 1
    counted = counted + 1
  end
end
for name, by in pairs(counters) do redis.call('HINCRBY', KEYS[2], name, by) end
if counted > 0 then
  redis.call('EXPIRE', KEYS[2], ARGV[1])
end
return counted
