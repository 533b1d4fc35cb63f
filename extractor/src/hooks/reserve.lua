-- Says of each customer of an event whether it is fetched now, later, or is going to be fetched anyway.
-- KEYS: as in HookKeys. ARGV: window, wait of a later fetch, how long a confirm is waited for (ms), how many are kept, then
-- customers.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window, wait, hold, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- Whoever reserved these has died before its refs were confirmed.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local room = kept - redis.call('ZCARD', KEYS[1])
local words = {}
for i = 5, #ARGV do
  local id = ARGV[i]
  local due = redis.call('ZSCORE', KEYS[1], id)
  due = due and tonumber(due)
  local word
  if redis.call('ZSCORE', KEYS[2], id) then
    word = 'unconfirmed'
  elseif due and due > now then
    word = 'known'
  elseif due then
    word, due = 'later', now + wait
  elseif room > 0 then
    word, due, room = 'now', now, room - 1
  else
    word = 'full'
  end
  if word == 'now' or word == 'later' then
    redis.call('ZADD', KEYS[1], due, id)
    redis.call('ZADD', KEYS[2], now + hold, id)
  end
  words[#words + 1] = word
end
redis.call('PEXPIRE', KEYS[1], 3600000)
redis.call('PEXPIRE', KEYS[2], 3600000)
return words
