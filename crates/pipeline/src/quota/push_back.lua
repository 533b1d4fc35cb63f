-- Nobody gets a permit from the bucket before the pause is over. KEYS[1] state of the bucket, ARGV[1] pause (us).
local time = redis.call('TIME')
local until_ = time[1] * 1000000 + time[2] + tonumber(ARGV[1])
local closed = tonumber(redis.call('HGET', KEYS[1], 'hold') or 0)
if until_ > closed then
  redis.call('HSET', KEYS[1], 'hold', string.format('%.0f', until_))
  redis.call('PEXPIRE', KEYS[1], 172800000 + math.ceil(ARGV[1] / 1000))
end
return redis.status_reply('OK')
