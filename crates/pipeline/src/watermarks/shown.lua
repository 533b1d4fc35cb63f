-- KEYS: the hash of a company. ARGV: the update time that was shown of a state, and its sequence. The latest stays.
local last = tonumber(redis.call('HGET', KEYS[1], 'rq'))
if not last or tonumber(ARGV[2]) >= last then
  redis.call('HSET', KEYS[1], 'rt', ARGV[1], 'rq', ARGV[2])
end
return redis.status_reply('OK')
