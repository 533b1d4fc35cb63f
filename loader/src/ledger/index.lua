-- The life of the index: missing -> open (rows are looked up on demand, the walk runs behind) -> complete.
-- ARGV: 3 operation, 4 epoch key.
--  state: 5 form.  Returns OK, state (open | complete | missing), epoch, rows, duplicates, rows without a key, widgets,
--                  ms since the loss was noticed, ms until calls of earlier loaders cannot land any more, rows that
--                  cannot be read, the last of them.
--  begin: 5 form, 6 new epoch, 7 settle ms, 8 widgets whose content is hashed, 9 '1': there is no key widget, nothing can
--                  be read, so the index is what Redis knows.  Returns OK; or READY: another loader has begun one.
--  drop:           Forgets the index, so that the next one begins.
--  walk:           Returns OK, cursor; or DONE: the form was read to its end.
--  complete:       Returns OK; or NOINDEX.
--  unreadable: 5 row that the walk has passed over.
--  twins: 5 count; per row that shares its key: company, row id.  Returns OK, how many were new.
local operation, dups = ARGV[3], prefix .. 'dups'

local function valid(form)
  local index = redis.call('HMGET', KEYS[1], 'form', 'state', 'run', 'history')
  return index[1] == form and (index[2] == 'open' or index[2] == 'complete') and is_of_this_run(index[3], index[4])
end

if operation == 'state' then
  if not valid(ARGV[5]) then return {'OK', 'missing'} end
  local index = redis.call('HMGET', KEYS[1], 'state', 'epoch', 'rows', 'keyless', 'widgets', 'noticed', 'settles',
    'unreadable', 'unread')
  local time = clock()
  return {'OK', index[1], index[2], index[3], string.format('%d', redis.call('HLEN', dups)), index[4], index[5],
    string.format('%d', time - tonumber(index[6])), string.format('%d', math.max(tonumber(index[7]) - time, 0)),
    index[8] or '0', index[9] or ''}
elseif operation == 'begin' then
  if valid(ARGV[5]) then return {'READY'} end
  local time = clock()
  -- Claims of the time before mean nothing any more: what they did or did not do is seen in the form.
  for _, batch in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do redis.call('DEL', batch_key(batch)) end
  redis.call('DEL', KEYS[1], KEYS[2], dups, dups .. ':of')
  redis.call('HSET', KEYS[1], 'form', ARGV[5], 'state', ARGV[9] == '1' and 'complete' or 'open', 'epoch', ARGV[6],
    'run', run, 'noticed', string.format('%d', time),
    'settles', string.format('%d', time + tonumber(ARGV[7])), 'floor', sequence_now(), 'cursor', '', 'rows', 0,
    'keyless', 0, 'widgets', ARGV[8], 'blind', ARGV[9])
  local known = history()
  if known then redis.call('HSET', KEYS[1], 'history', known) end
  redis.call('SET', ARGV[4], ARGV[6])
  return {'OK'}
elseif operation == 'drop' then
  redis.call('HDEL', KEYS[1], 'state')
  return {'OK'}
end

if not index_ready() then return {'NOINDEX'} end
if operation == 'walk' then
  local index = redis.call('HMGET', KEYS[1], 'state', 'cursor')
  if index[1] == 'complete' then return {'DONE'} end
  return {'OK', index[2] or ''}
elseif operation == 'unreadable' then
  redis.call('HINCRBY', KEYS[1], 'unreadable', 1)
  redis.call('HSET', KEYS[1], 'unread', ARGV[5])
  return {'OK'}
elseif operation == 'complete' then
  redis.call('HSET', KEYS[1], 'state', 'complete')
  return {'OK'}
end
local new = 0
for n = 0, tonumber(ARGV[5]) - 1 do
  local company, id = ARGV[6 + n * 2], ARGV[7 + n * 2]
  local kept = bare(redis.call('HGET', row_key(company), 'id'))
  -- One that was made a moment ago has no id in the ledger yet: it is noted behind the commit.
  if kept and kept ~= '' and kept ~= id then new = new + note_twin(company, id, kept) end
end
return {'OK', string.format('%d', new)}
