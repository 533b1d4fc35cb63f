-- Somebody has taken letters, or still has them.
-- KEYS: hash of holders. ARGV: who, since when (unix ms), letters that were there then, how long it is remembered (ms).
-- What dead processes have left is taken out, or their hash would live for ever with those who come and go.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HGETALL', KEYS[1])
for i = 1, #known, 2 do
  local till = tonumber(string.match(known[i + 1], '"until":(%d+)'))
  if not till or till < now then redis.call('HDEL', KEYS[1], known[i]) end
end
local holder = string.format('{"since":%s,"letters":%s,"until":%.0f}', ARGV[2], ARGV[3], now + ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], holder)
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[4])
