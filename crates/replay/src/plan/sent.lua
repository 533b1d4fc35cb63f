-- KEYS: plan, letters. ARGV: letters that the broker has confirmed. Returns the plan's state.
for i = 1, #ARGV do
  if redis.call('HGET', KEYS[2], ARGV[i]) == '' then
    redis.call('HSET', KEYS[2], ARGV[i], 's')
    redis.call('HINCRBY', KEYS[1], 'sent', 1)
  end
end
return redis.call('HGET', KEYS[1], 'state')
