-- KEYS: hash of heartbeats. ARGV: replica, heartbeat, after which time (ms) a silent replica is forgotten.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', ms) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local said = redis.call('HGETALL', KEYS[1])
for i = 1, #said, 2 do
  local at = tonumber(string.match(said[i + 1], '^(%d+) '))
  if not at or ms - at > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], said[i]) end
end
