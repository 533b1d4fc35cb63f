-- Whether anybody may hold letters of a queue.
-- KEYS: lease of who browses it, hash of those who have taken letters, each until when it is remembered.
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, holder in ipairs(redis.call('HVALS', KEYS[2])) do
  local till = tonumber(string.match(holder, '"until":(%d+)'))
  if till and till > now then return 1 end
end
return 0
