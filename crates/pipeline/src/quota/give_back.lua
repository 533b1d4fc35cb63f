-- A call that had a permit was not made: the buckets forget it.
-- KEYS[2b-1], KEYS[2b] per bucket: state and log. ARGV[1] the granted time, ARGV[1+b] the bucket's pace.
for b = 1, #KEYS / 2 do
  local state, log = KEYS[2 * b - 1], KEYS[2 * b]
  if redis.call('LREM', log, 1, ARGV[1]) == 1 then
    redis.call('HINCRBY', state, 'tat', -ARGV[1 + b])
    if redis.call('HEXISTS', state, 'used') == 1 then
      redis.call('HINCRBY', state, 'used', -1)
    end
  end
end
return redis.status_reply('OK')
