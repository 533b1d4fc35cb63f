-- KEYS[1] the lease, KEYS[2] its last fence (never expires). ARGV[1] owner, ARGV[2] term (ms).
if redis.call('EXISTS', KEYS[1]) == 1 then
  return nil
end
local time = redis.call('TIME')
local floor = time[1] * 1000000 + time[2]
local fence = math.max(floor, tonumber(redis.call('GET', KEYS[2]) or 0) + 1)
local text = string.format('%.0f', fence)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. text, 'PX', ARGV[2])
return fence
