-- KEYS: plan, letters. ARGV: letter, counter, value, letter, counter, value ...
-- The first report of a letter counts. A letter that is not in the plan (any more) leaves no trace.
local counted = 0
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 3 do
  local state = redis.call('HGET', KEYS[2], ARGV[i])
  if state == '' or state == 's' then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
    redis.call('HINCRBY', KEYS[1], 'n:' .. ARGV[i + 1], 1)
    redis.call('HSET', KEYS[1], 'last_outcome_at', now)
    if state == '' then
      -- The outcome was faster than the sender's own note.
      redis.call('HINCRBY', KEYS[1], 'sent', 1)
    end
    counted = counted + 1
  end
end
return counted
