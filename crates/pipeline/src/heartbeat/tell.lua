-- KEYS: hash of heartbeats. ARGV: service, instance, heartbeat, after which time (ms) a silent replica is forgotten, and after
-- which a service of which nobody is left.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local at = string.format('%d', ms) .. ' '
redis.call('HSET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], at .. ARGV[3], 'last ' .. ARGV[1], at)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
local said = redis.call('HGETALL', KEYS[1])
for i = 1, #said, 2 do
  local at = tonumber(string.match(said[i + 1], '^(%d+) '))
  local limit = string.sub(said[i], 1, 5) == 'last ' and ARGV[5] or ARGV[4]
  if not at or ms - at > tonumber(limit) then redis.call('HDEL', KEYS[1], said[i]) end
end
