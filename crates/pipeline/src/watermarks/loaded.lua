-- KEYS: the epoch, then hashes of companies. ARGV: the update time of each company.
-- The epoch is read in here, so that a rebuild that begins meanwhile voids these watermarks, too.
local epoch = redis.call('GET', KEYS[1])
if epoch then
  for i = 2, #KEYS do
    local old = redis.call('HMGET', KEYS[i], 'l', 'e')
    if old[2] ~= epoch or tonumber(ARGV[i - 1]) > tonumber(old[1]) then
      redis.call('HSET', KEYS[i], 'l', ARGV[i - 1], 'e', epoch)
    end
  end
end
return redis.status_reply('OK')
