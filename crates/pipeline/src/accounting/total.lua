-- KEYS: active runs, total. ARGV: what stands before a run's name in the keys of the run (the same hash tag).
-- In one script, because counters and open customers read one after the other would never fit while work goes on.
local open, dead, oldest = 0, 0, false
for _, run in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = ARGV[1] .. run
  open = open + redis.call('ZCARD', key .. ':open')
  dead = dead + redis.call('HLEN', key .. ':dead')
  local first = redis.call('ZRANGE', key .. ':open', 0, 0, 'WITHSCORES')[2]
  if first and (not oldest or tonumber(first) < oldest) then oldest = tonumber(first) end
end
return { redis.call('HGETALL', KEYS[2]), open, dead, oldest }
