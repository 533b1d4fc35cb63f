-- Takes what the form shows into the index: a page of the walk, or rows that were looked up by key or row id.
-- ARGV: 3 clock before the form was asked, 4 how long a write may stay invisible, ms, 5 'walk' or 'look',
--       6 cursor before and 7 after this page (of a look: 6 how long a row that was written may be missing at most, ms), 8 rows of it without a key, 9 count;
--       per row: company, row id ('' there is none), hash, written at (ms). Several of a company: the oldest first.
-- Returns OK, rows so far, extra rows that were not known; or STALE: another loader has taken this page.
-- A row that this epoch knows already is known better than any reading can tell: claims and commits keep it up to date.
if not index_ready() then return {'NOINDEX'} end
local index = redis.call('HMGET', KEYS[1], 'noticed', 'settles', 'floor', 'cursor')
local asked, invisible, walks = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == 'walk'
local longest = not walks and tonumber(ARGV[6]) or 0
if walks and index[4] ~= ARGV[6] then return {'STALE'} end

local noticed, settles, floor, time = tonumber(index[1]), tonumber(index[2]), index[3], clock()
-- Rows written since may hold what a call of unknown outcome has brought back over something newer.
local horizon = noticed - (settles - noticed)
local rows, extra = 0, 0

local function learn(key, company, id, content, written)
  -- A late call may have written this over something newer: it is verified, and then differs from this unknown.
  local unsure = written >= horizon
    or redis.call('ZSCORE', KEYS[3], company) and redis.call('HEXISTS', key, 'c') == 0
  if unsure then content = '' end
  if asked < settles then
    -- And one may still do so. Until then the row may be written, and is read again when none can.
    verify_at(company, settles + invisible)
  elseif unsure then
    redis.call('ZADD', KEYS[3], 'NX', time, company)
  end
  redis.call('HSET', key, 'id', id, 'h', content, 'f', floor, 'g', epoch)
  is_kept(id)
  -- The id comes from the form with the key beside it, so it is proven. `v` and `u` stay as they are: together they say
  -- what became of the record of that version, which no later reading of the form makes untrue.
  redis.call('HDEL', key, 'b', 'r', 'q')
end

for n = 0, tonumber(ARGV[9]) - 1 do
  local at = 10 + n * 4
  local company, id, content, written = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local key = row_key(company)
  local known = redis.call('HMGET', key, 'g', 'id', 'b', 'w')
  local current, has = known[1] == epoch, known[2] and known[2] ~= ''
  -- What the ledger wrote since, or so shortly before that it could not be seen, is not in this reading.
  local newer = tonumber(known[4] or '0') > asked - invisible
  -- Somebody has deleted the row since it was read (`touched.lua`).
  local unseen_at = string.match(known[1] or '', '^' .. epoch .. '!(%d+)$')
  local outdated = unseen_at and tonumber(unseen_at) > asked
  if id == '' and has and tonumber(known[4] or '0') > asked - longest then
    -- Written so lately that no query may show it yet: not seen is not gone. Whoever needs to know asks again later.
  elseif id == '' and not outdated then
    -- That a row is not there proves nothing while a call may still make it.
    if asked >= settles then
      if not current then
        redis.call('HSET', key, 'f', floor, 'g', epoch, 'l', ARGV[3])
        redis.call('HDEL', key, 'id', 'h', 'b', 'r', 'q')
      elseif not has then
        -- A slow look that began before a faster one does not make that one older.
        local looked = math.max(asked, tonumber(redis.call('HGET', key, 'l') or '0'))
        redis.call('HSET', key, 'l', string.format('%d', looked))
      end
    end
  elseif not current then
    if not outdated then
      rows = rows + 1
      learn(key, company, id, content, written)
    end
  elseif has and bare(known[2]) == id then
    rows = rows + 1
    if is_placed(known[2]) then redis.call('HSET', key, 'id', id) end
  elseif has then
    -- Another one, unless it is the one that was there before what the ledger wrote since.
    if tonumber(known[4] or '0') <= asked then
      extra = extra + note_twin(company, id, bare(known[2]))
    end
  elseif not newer and not (known[3] and redis.call('EXISTS', batch_key(known[3])) == 1) then
    rows = rows + 1
    learn(key, company, id, content, written)
  end
end
if walks then
  redis.call('HSET', KEYS[1], 'cursor', ARGV[7])
  redis.call('HINCRBY', KEYS[1], 'keyless', ARGV[8])
  redis.call('HINCRBY', KEYS[1], 'rows', rows)
end
return {'OK', redis.call('HGET', KEYS[1], 'rows'), string.format('%d', extra)}
