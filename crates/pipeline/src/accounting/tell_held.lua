-- KEYS: hash of reports. ARGV: replica, report, after which time (ms) a silent replica is forgotten.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSETNX', KEYS[1], 'since', string.format('%d', ms))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', ms) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local told = redis.call('HGETALL', KEYS[1])
for i = 1, #told, 2 do
  local at = tonumber(string.match(told[i + 1], '^(%d+) '))
  if told[i] ~= 'since' and (not at or ms - at > tonumber(ARGV[3])) then redis.call('HDEL', KEYS[1], told[i]) end
end
