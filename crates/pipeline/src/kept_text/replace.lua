-- Replaces a text when nobody has since it was read.
local revision = redis.call('HGET', KEYS[1], 'revision') or '0'
if revision ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'revision', revision + 1, 'text', ARGV[2])
return 1
