-- KEYS: customers that were removed lately, then the hash of each customer, one may come twice.
-- ARGV: of each customer, id, version as text in its order, sequence, and the value; an empty one: the customer is gone.
-- Of two states handled at the same time the newer one stays, whichever comes first, and nobody who is gone comes back by an
-- older one. An hour is longer than any two of them lie apart; sequences follow a clock in microseconds.
local HOUR = 3600000000
for i = 2, #KEYS do
  local at = (i - 2) * 4
  local id, version, sequence, value = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local old = redis.call('HGET', KEYS[i], id)
  local gone = tonumber(redis.call('ZSCORE', KEYS[1], id) or '')
  if old and version < string.sub(old, 1, 32) then
    -- What is there is newer.
  elseif value == '' then
    if old then redis.call('HDEL', KEYS[i], id) end
    redis.call('ZADD', KEYS[1], sequence, id)
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', tonumber(sequence) - HOUR))
  elseif not gone or gone < tonumber(sequence) then
    redis.call('HSET', KEYS[i], id, value)
    if gone then redis.call('ZREM', KEYS[1], id) end
  end
end
return redis.status_reply('OK')
