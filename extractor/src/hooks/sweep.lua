-- Counts listed customers whose event has not come in time.
-- KEYS: as in HookKeys. ARGV: how late an event may be (ms), most at a time.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lost = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now - tonumber(ARGV[1]), 'LIMIT', 0, ARGV[2])
for _, id in ipairs(lost) do redis.call('ZREM', KEYS[4], id) end
if #lost > 0 then redis.call('HINCRBY', KEYS[5], 'lost', #lost) end
return #lost
