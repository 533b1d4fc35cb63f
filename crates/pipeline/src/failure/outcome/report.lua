-- KEYS: plan, letters. ARGV: letter, counter, value, rank, part, parts, letter, counter ...
-- The first report of a letter counts. A letter that is not in the plan (any more) leaves no trace.
-- A letter of many parts counts with the last of them, and as the worst: until then its field holds the worst so far and the
-- parts that have been heard of, each of which counts once (`part <rank> <counter> <value> ,1,4,`).
local counted = 0
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 6 do
  local letter, word, value, rank, part = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local parts = tonumber(ARGV[i + 5])
  local state = redis.call('HGET', KEYS[2], letter)
  local worst, counter, worst_value, heard
  if state then worst, counter, worst_value, heard = string.match(state, '^part (%d+) (%S+) (%S+) (%S+)$') end
  local is_news, over = state == '' or state == 's' or heard ~= nil, true
  if is_news and parts > 1 then
    heard = heard or ','
    is_news = not string.find(heard, ',' .. part .. ',', 1, true)
    heard = heard .. part .. ','
    if worst and tonumber(worst) > tonumber(rank) then rank, word, value = worst, counter, worst_value end
    local _, commas = string.gsub(heard, ',', '')
    over = commas - 1 >= parts
  end
  if is_news then
    if over then
      redis.call('HSET', KEYS[2], letter, value)
      redis.call('HINCRBY', KEYS[1], 'n:' .. word, 1)
    else
      redis.call('HSET', KEYS[2], letter, table.concat({'part', rank, word, value, heard}, ' '))
    end
    redis.call('HSET', KEYS[1], 'last_outcome_at', now)
    if state == '' then
      -- The outcome was faster than the sender's own note.
      redis.call('HINCRBY', KEYS[1], 'sent', 1)
    end
    counted = counted + 1
  end
end
return counted
