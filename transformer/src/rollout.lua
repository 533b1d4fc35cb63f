-- Announces a mapping. KEYS: the mappings in use. ARGV: fingerprint, ms of silence after which nobody uses the latest one.
-- Returns its revision, and 1 when no later mapping is in use.
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'latest', 'revision', 'seen', 'of:' .. ARGV[1])
local last, seen, own = tonumber(held[2] or '0'), tonumber(held[3] or '0'), tonumber(held[4] or '0')

if held[1] ~= ARGV[1] then
  if own > 0 and now - seen <= tonumber(ARGV[2]) then return {own, 0} end
  -- By the clock, so that it is above those that a Redis that is gone has given out.
  last = math.max(now, last + 1)
  if redis.call('HLEN', KEYS[1]) > 100 then redis.call('DEL', KEYS[1]) end
  redis.call('HSET', KEYS[1], 'latest', ARGV[1], 'revision', string.format('%d', last),
    'of:' .. ARGV[1], string.format('%d', last))
end
redis.call('HSET', KEYS[1], 'seen', string.format('%d', now))
return {last, 1}
