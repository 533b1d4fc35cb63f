-- KEYS: hash of reports. The server's time (ms) and the reports.
local now = redis.call('TIME')
return { now[1] * 1000 + math.floor(now[2] / 1000), redis.call('HGETALL', KEYS[1]) }
