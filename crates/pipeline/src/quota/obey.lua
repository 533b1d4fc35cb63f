-- The vendor has said how many calls are left, and for how long. KEYS state and log of the bucket; ARGV[1] when the call was
-- granted that was answered so, ARGV[2] calls left, ARGV[3] time until there are more (us).
-- The answer to a later call knows more; calls that were granted after the answered one may not be in its figure yet.
local time = redis.call('TIME')
local now, slot = time[1] * 1000000 + time[2], tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'told', 'left_until')
local told, until_ = tonumber(known[1] or 0), tonumber(known[2] or 0)
if until_ > now and slot < told and told <= now + 1000000 then return 0 end
local later = 0
for _, at in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if tonumber(at) > slot then later = later + 1 end
end
local left = math.max(tonumber(ARGV[2]) - later, 0)
redis.call('HSET', KEYS[1], 'told', ARGV[1], 'left', left, 'left_until', string.format('%.0f', now + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], 172800000 + math.ceil(ARGV[3] / 1000))
return 1
