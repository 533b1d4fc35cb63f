-- What is known of removals that wait for a person, and the decision about them.
-- ARGV: 3 operation.
--  state:  Returns OK, clock, parked, of these left the filter, tripped at, decided at, decision, free until, removed
--          lately, known rows, '1' when rows have to be counted, when counting began.
--  count:  4 how long a count may take, ms. Returns OK, granted so far, epoch; or BUSY: another loader counts.
--  counted: 4 known rows that were not granted, 5 granted before the count, 6 the epoch it was begun in.
--  decide: 4 allow or keep, 5 ms during which everything is allowed, 6 what is written down.
--          Returns OK, parked until now.
local operation, time = ARGV[3], clock()
local log_key = prefix .. 'removals:log'
guard_begins(time)

if operation == 'state' then
  local state = redis.call('HMGET', guard_key, 'filtered', 'tripped', 'decided', 'decision', 'free', 'known', 'wanted',
    'began')
  return {'OK', string.format('%d', time), string.format('%d', redis.call('HLEN', parked_key)), state[1] or '0',
    state[2] or '0', state[3] or '0', state[4] or '', state[5] or '0', string.format('%d', removed_lately(time)),
    state[6] or '0', state[7] or '0', state[8]}
elseif operation == 'count' then
  if redis.call('SET', prefix .. 'removals:counting', '1', 'NX', 'PX', ARGV[4]) == false then return {'BUSY'} end
  return {'OK', redis.call('HGET', guard_key, 'granted') or '0'}
elseif operation == 'counted' then
  redis.call('HSET', guard_key, 'known', ARGV[4], 'known_granted', ARGV[5], 'known_at', string.format('%d', time),
    'known_epoch', ARGV[6])
  redis.call('HDEL', guard_key, 'wanted')
  redis.call('DEL', prefix .. 'removals:counting')
  return {'OK'}
end

-- What is parked from now on is not covered by it.
redis.call('HSET', guard_key, 'decided', string.format('%d', time), 'decision', ARGV[4])
redis.call('HDEL', guard_key, 'tripped', 'known_at')
if ARGV[4] == 'allow' then
  -- What was counted is what a person knows now.
  for ago = 0, days do redis.call('HDEL', guard_key, day_field(time, ago)) end
  redis.call('DEL', runs_key)
  redis.call('HSET', guard_key, 'free', string.format('%d', time + tonumber(ARGV[5])))
else
  -- The newer word counts, also against an earlier one about what comes.
  redis.call('HDEL', guard_key, 'free')
end
redis.call('RPUSH', log_key, ARGV[6])
redis.call('LTRIM', log_key, -100, -1)
return {'OK', string.format('%d', redis.call('HLEN', parked_key))}
