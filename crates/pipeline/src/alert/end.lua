-- KEYS: open, ended, quiet. ARGV: 1 if the caller has sent the notice itself, how long the end is remembered (ms), and when the
-- problem may be told of again, if it comes back (ms).
-- 1 for the one replica that has to notify of the end.
local left = redis.call('PTTL', KEYS[3])
if left > tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
if redis.call('DEL', KEYS[1]) == 1 then
  redis.call('SET', KEYS[2], 1, 'PX', ARGV[2])
  return 1
end
-- Redis was away when the notice went out, or has lost what it knew.
if ARGV[1] == '1' and redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[2]) then return 1 end
return 0
