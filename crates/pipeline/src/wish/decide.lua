-- KEYS: hash stage → decision. ARGV: stage, decision (JSON); `restore` as a third: only where nothing was decided since Redis
-- has lost what was. A decision stands behind the time (ms) since when it does; it is never deleted, only replaced, so that
-- one that is missing was lost.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if ARGV[3] then
  redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
else
  redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
end
return redis.call('HGET', KEYS[1], ARGV[1])
