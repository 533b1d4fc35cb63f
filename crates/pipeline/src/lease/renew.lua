-- KEYS[1] the lease. ARGV[1] proof of the holder, ARGV[2] term (ms). Never revives an expired lease.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
