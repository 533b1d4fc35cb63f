-- How long nobody gets a permit from the bucket (us). KEYS[1] state of the bucket.
local time = redis.call('TIME')
local closed = tonumber(redis.call('HGET', KEYS[1], 'hold') or 0)
return math.max(0, closed - (time[1] * 1000000 + time[2]))
