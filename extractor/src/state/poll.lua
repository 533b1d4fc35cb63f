-- Keeps how polling stands, and charges the calls that it has made against its share of the quota: `paid_ms` is the time
-- from which on the next call is within the share; what was saved up counts as far back as the burst.
-- KEYS: hash. ARGV: cost (ms), burst (ms), how long to keep it beyond that (ms), then field, value pairs ('' deletes).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = tonumber(redis.call('HGET', KEYS[1], 'paid_ms') or 0)
-- More than this is never owed: it was written when the clock was ahead.
if paid > now + burst + cost then paid = now end
paid = math.max(paid, now - burst) + cost
redis.call('HSET', KEYS[1], 'paid_ms', string.format('%.0f', paid))
for i = 4, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(paid - now, 0) + burst + tonumber(ARGV[3])))
return redis.status_reply('OK')
