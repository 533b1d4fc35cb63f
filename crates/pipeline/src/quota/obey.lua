-- The vendor has said how many calls are left, and for how long. KEYS state and log of the bucket; ARGV[1] when the call was
-- granted that was answered so, ARGV[2] calls left, ARGV[3] time until there are more (us).
-- The answer to a later call knows more; calls that were granted after the answered one may not be in its figure yet.
local time = redis.call('TIME')
local now, slot = time[1] * 1000000 + time[2], tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'told', 'left_until')
local told, until_ = tonumber(known[1] or 0), tonumber(known[2] or 0)
if until_ > now and slot < told and told <= now + 1000000 then return 0 end
-- Newest first, so that the ones behind an older one need not be read.
local later, from, times = 0, 0, nil
repeat
  times = redis.call('LRANGE', KEYS[2], from, from + 31)
  local newer = 0
  for _, at in ipairs(times) do
    if tonumber(at) > slot then newer = newer + 1 end
  end
  later, from = later + newer, from + 32
until newer < 32
local left = math.max(tonumber(ARGV[2]) - later, 0)
redis.call('HSET', KEYS[1], 'told', ARGV[1], 'left', left, 'left_until', string.format('%.0f', now + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], 172800000 + math.ceil(ARGV[3] / 1000))
return 1
