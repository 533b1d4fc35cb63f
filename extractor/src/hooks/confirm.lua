-- Customers whose events are kept: their refs are confirmed, or were before. From now on they count as announced.
-- KEYS: as in HookKeys. ARGV: how many announcements are kept, events of the push, how many of the customers were reserved,
-- then customers, the reserved ones first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reserved = tonumber(ARGV[3])
local late = 0
for i = 4, #ARGV do
  if i - 3 <= reserved then redis.call('ZREM', KEYS[2], ARGV[i]) end
  redis.call('ZADD', KEYS[3], now, ARGV[i])
  late = late + redis.call('ZREM', KEYS[4], ARGV[i])
end
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - tonumber(ARGV[1]))
redis.call('PEXPIRE', KEYS[3], 172800000)
redis.call('HSETNX', KEYS[5], 'since_ms', now)
redis.call('HSET', KEYS[5], 'last_ms', now)
redis.call('HINCRBY', KEYS[5], 'events', ARGV[2])
redis.call('HINCRBY', KEYS[5], 'late', late)
return late
