-- KEYS: counters of the run, open, dead, active runs, total. ARGV: run, customers...
-- Adds customers that a run is about to publish; one that is open or dead already is not counted twice.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local new = 0
for i = 2, #ARGV do
  if redis.call('HEXISTS', KEYS[3], ARGV[i]) == 0 then
    new = new + redis.call('ZADD', KEYS[2], 'NX', ms, ARGV[i])
  end
end
if new > 0 then
  redis.call('HINCRBY', KEYS[1], 'listed', new)
  redis.call('HINCRBY', KEYS[5], 'listed', new)
  redis.call('HSETNX', KEYS[1], 'since', ms)
  redis.call('PERSIST', KEYS[1])
  redis.call('ZADD', KEYS[4], ms, ARGV[1])
end
return new
