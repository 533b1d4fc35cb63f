-- Writes fields of a kind of run, unless a leader with a higher fence has written before.
-- KEYS: hash of the kind, history list. ARGV: fence, history entry or '', then field, value pairs ('' deletes the field).
-- Fences are microseconds, far below 2^53, so numbers compare exactly.
local theirs = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if theirs > tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
if ARGV[2] ~= '' then
  redis.call('LPUSH', KEYS[2], ARGV[2])
  redis.call('LTRIM', KEYS[2], 0, 49)
end
return 1
