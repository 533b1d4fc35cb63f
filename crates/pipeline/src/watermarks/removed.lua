-- KEYS: the hash of a company. ARGV: update time and sequence of a removal, or of a leaving, that is handed on. The latest stays.
local old = redis.call('HMGET', KEYS[1], 'ru', 'rs')
local time, sequence = tonumber(ARGV[1]), tonumber(ARGV[2])
local last = tonumber(old[1])
if not last or time > last or (time == last and sequence > tonumber(old[2])) then
  redis.call('HSET', KEYS[1], 'ru', ARGV[1], 'rs', ARGV[2])
end
return redis.status_reply('OK')
