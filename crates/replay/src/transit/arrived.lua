-- The broker has the copies of these letters.
-- KEYS: hash of letters that leave, record of the operation. ARGV: what is noted from now on, letters ...
-- Returns how many of them nobody had noted before.
local news = 0
for i = 2, #ARGV do
  if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[1])
    news = news + 1
  end
end
if news > 0 then redis.call('HINCRBY', KEYS[2], 'moved', news) end
return news
