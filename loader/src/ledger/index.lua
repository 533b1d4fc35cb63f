-- The life of the index: missing -> building (resumable) -> ready.
-- ARGV: 3 operation, 4 epoch key.
--  state: 5 form.                Returns OK, state (ready | building | missing), epoch, rows, duplicates, widgets.
--  begin: 5 form, 6 new token, 7 widgets whose content is hashed.
--                                Returns OK, token, cursor, ms since the loss was noticed; an unfinished build goes on.
--                                Or READY: another loader has just finished.
--  drop:  forgets that the index is complete, for a rebuild on demand.
--  ready: 5 token, 6 new epoch.  Returns OK, or STALE when another loader began anew.
local operation = ARGV[3]
local index = redis.call('HMGET', KEYS[1], 'form', 'state', 'epoch', 'run', 'token', 'cursor', 'noticed', 'rows', 'dups',
  'widgets')
local form, state, run = index[1], index[2], index[4]

if operation == 'state' then
  if form ~= ARGV[5] or run ~= server_run() then state = 'missing' end
  return {'OK', state or 'missing', index[3] or '', index[8] or '0', index[9] or '0', index[10] or ''}
elseif operation == 'begin' then
  local time = clock()
  if form == ARGV[5] and state == 'ready' and run == server_run() then return {'READY'} end
  if form == ARGV[5] and state == 'building' and run == server_run() then
    return {'OK', index[5], index[6] or '', string.format('%d', time - tonumber(index[7]))}
  end
  redis.call('DEL', KEYS[1], prefix .. 'dups')
  redis.call('HSET', KEYS[1], 'form', ARGV[5], 'state', 'building', 'run', server_run(), 'token', ARGV[6],
    'cursor', '', 'noticed', string.format('%d', time), 'rows', 0, 'dups', 0, 'widgets', ARGV[7])
  return {'OK', ARGV[6], '', '0'}
elseif operation == 'drop' then
  redis.call('HDEL', KEYS[1], 'state')
  return {'OK'}
end

if state ~= 'building' or index[5] ~= ARGV[5] or run ~= server_run() then return {'STALE'} end
-- Claims of the time before mean nothing any more: their rows have been read from the form.
for _, batch in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do redis.call('DEL', batch_key(batch)) end
redis.call('DEL', KEYS[2])
-- Deletions of the time before the loss was noticed are forgotten, also when the form is empty: perhaps because of them.
local built = index[7]
redis.call('HSET', KEYS[1], 'state', 'ready', 'epoch', ARGV[6], 'built', built)
redis.call('SET', ARGV[4], ARGV[6])
return {'OK'}
