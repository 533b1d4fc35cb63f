-- Decides for every record of a batch what has to be done, and takes the keys that have to be written.
-- ARGV: 3 owner, 4 batch, 5 transaction id, 6 lease ms, 7 '1' when an absent row may be one that was deleted,
--       8 when the look for this very batch began (0: there was none) and 9 how long it took, ms, 10 count;
--       per record: company, version, hash, operation (u upsert, d delete, m mark), sequence, set, clear;
--       then, when removals are guarded: limit %, probation ms, per record cause (f left the filter, r removed; a capital:
--       allowed), '1' for a backfill, run.
-- Returns OK, clock, fence, then per record:
--   s stale | =<id> unchanged | l<id> landed: by this very record | n nothing to remove | f fetch again
--   w was asked for already, later | c create | u<id> update | r<id> remove
--   (?<id>: the id was taken from an answer by its place, see schema.rs)
--   b<batch> busy in a live batch of the owner after the line break, both empty for a call that may still land
--   o<batch> left behind by a dead loader
--   p, k, q, i: not removed, see guard.lua
-- Or UNKNOWN, clock, '1' when calls of earlier loaders cannot land any more, then company and last known row id of each
-- row that this epoch of the index has not seen, or seen to be missing too long ago: they have to be looked up first.
-- Nothing is taken then.
if not index_ready() then return {'NOINDEX'} end

local owner, batch, transaction = ARGV[3], ARGV[4], ARGV[5]
local time = clock()
local index = redis.call('HMGET', KEYS[1], 'state', 'floor', 'blind', 'settles')
local complete, built, blind = index[1] == 'complete', tonumber(index[2]), index[3] == '1'
-- A row that was not there may have been made since, by a person or another program: it is made only right after a look.
local looked_for = 30000
-- However long a look has taken, it counts for as long behind its end, for the batch that has waited for it.
local look_began, look_took = tonumber(ARGV[8]), tonumber(ARGV[9])
local just_looked = look_began > 0 and time <= look_began + look_took + looked_for
local count = tonumber(ARGV[10])

local function is_looked_for(at)
  return at > time - looked_for or just_looked and at >= look_began
end

local rows, unknown = {}, {'UNKNOWN', string.format('%d', time), time >= tonumber(index[4]) and '1' or '0'}
for slot = 0, count - 1 do
  local company, version = ARGV[11 + slot * 7], ARGV[12 + slot * 7]
  local row = redis.call('HMGET', row_key(company), 'id', 'v', 'h', 'b', 'f', 'g', 'u', 'l', 'c')
  local stale = row[2] and version < row[2]
  if blind then
    if not row[2] then row[5] = index[2] end
  else
    local operation, held = ARGV[14 + slot * 7], row[4] and redis.call('EXISTS', batch_key(row[4])) == 1
    local absent = operation == 'u' and not row[1] and not held and not is_looked_for(tonumber(row[8] or '0'))
    if not stale and (row[6] ~= epoch or absent) then
      unknown[#unknown + 1] = company
      -- An id that is not proven is no hint whose row it is: only the key can tell.
      unknown[#unknown + 1] = row[1] and not is_placed(row[1]) and row[1] or ''
    end
  end
  rows[slot] = row
end
if #unknown > 3 then return unknown end

local answers, fields, taken = {'OK', string.format('%d', time), '0'}, {}, {}

local function take(slot, kind, company, version, hash, id, row)
  taken[#taken + 1] = company
  fields[#fields + 1] = 'm' .. slot
  fields[#fields + 1] = table.concat({kind, company, version, hash, id}, '\n')
  fields[#fields + 1] = 'j' .. slot
  fields[#fields + 1] = row
  if kind == 'c' then
    fields[#fields + 1] = 't' .. slot
    fields[#fields + 1] = transaction
    fields[#fields + 1] = 's' .. slot
    fields[#fields + 1] = string.format('%d', time)
  end
end

-- The same composition as `encode::join`.
local function join(set, clear)
  if clear == '' then return set end
  if set == '{}' then return '{' .. clear .. '}' end
  return string.sub(set, 1, -2) .. ',' .. clear .. '}'
end

-- Each further request for a customer that nothing has settled in between waits longer, from 5 s to 10 min.
local function fetch_again(key)
  local asked = redis.call('HMGET', key, 'r', 'q')
  if time < tonumber(asked[2] or '0') then return 'w' end
  local times = tonumber(asked[1] or '0')
  redis.call('HSET', key, 'r', times + 1, 'q', string.format('%d', time + math.min(5000 * 2 ^ times, 600000)))
  return 'f'
end

-- The revision of the mapping in a version (`batch::encode_mapped`), comparable as text.
local function mapped(version) return string.match(version or '', '~(.*)$') or '' end

-- Nothing has to be written for this record; `landed`: because it was. What the row holds stays of the later mapping.
local function settled(key, version, known, doubtful, landed)
  if not landed then
    local later = mapped(known)
    if later > mapped(version) then version = string.match(version, '^[^~]*') .. '~' .. later end
    redis.call('HSET', key, 'v', version, 'u', '1')
  end
  redis.call('HDEL', key, 'o')
  if not doubtful then redis.call('HDEL', key, 'f', 'r', 'q', 'x') end
end

local limit, probation = tonumber(ARGV[11 + count * 7] or ''), tonumber(ARGV[12 + count * 7] or '')
-- Whatever ends a removal that was parked, or makes it old, takes it off the list.
local settles = {s = true, ['='] = true, l = true, n = true, c = true, u = true, r = true, k = true}
local any_parked = limit and redis.call('EXISTS', parked_key) == 1

local function may_go(slot, company, version, key)
  if not limit then return 'r' end
  local at = 13 + count * 7 + slot * 3
  local cause = ARGV[at]
  local item = {company = company, version = version, cause = string.lower(cause),
    allowed = cause ~= string.lower(cause), backfill = ARGV[at + 1] == '1', run = ARGV[at + 2]}
  local word = guarded(item, key, time, complete, limit, probation)
  any_parked = any_parked or word == 'p'
  return word
end

local any_open = redis.call('EXISTS', KEYS[3]) == 1

for slot = 0, count - 1 do
  local at = 11 + slot * 7
  local company, version, hash, operation = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local sequence, set, clear = tonumber(ARGV[at + 4]), ARGV[at + 5], ARGV[at + 6]
  local key, row = row_key(company), rows[slot]
  local id, known, content, holder, floor = row[1], row[2], row[3], row[4], tonumber(row[5] or '')
  local held = holder and redis.call('HMGET', batch_key(holder), 'lease', 'owner') or {false}
  -- What the form shows was fetched before `floor`, under a version that is lost: this record may be older.
  local doubtful = floor and sequence <= floor
  -- What was committed last was this very record, by a batch that was put off or whose loader died before it said so.
  local landed = known == version and not row[7]
  local answer

  if known and version < known then
    answer = 's'
  elseif held[1] then
    if tonumber(held[1]) > time then answer = 'b' .. holder .. '\n' .. held[2] else answer = 'o' .. holder end
  elseif operation == 'u' and id and content == hash then
    settled(key, version, known, doubtful, landed)
    answer = (landed and 'l' or '=') .. id
  elseif known and (operation == 'u' or mapped(version) ~= '') and mapped(version) < mapped(known) then
    -- Newer than the row, and of an earlier mapping: only a later one may say what the row shall hold.
    answer = fetch_again(key)
  elseif operation == 'm' and known == version and content == '' then
    answer = (landed and 'l' or '=') .. (id or '')
  elseif operation ~= 'u' and not id then
    settled(key, version, nil, doubtful, landed)
    answer = landed and 'l' or 'n'
  elseif doubtful and (id or ARGV[7] == '1') then
    answer = fetch_again(key)
  elseif operation == 'd' then
    answer = may_go(slot, company, version, key)
    if answer == 'r' then
      take(slot, 'r', company, version, '', id, '')
      answer = 'r' .. id
    end
  elseif id then
    take(slot, 'u', company, version, hash, id, join(set, clear))
    answer = 'u' .. id
  elseif any_open and not row[9] and redis.call('ZSCORE', KEYS[3], company) then
    -- A call of unknown outcome may still make the row that is not there, or has made it and nobody has looked since:
    -- as if it were held by that call.
    answer = 'b\n'
  else
    take(slot, 'c', company, version, hash, '', set)
    answer = 'c'
  end
  if any_parked and settles[string.sub(answer, 1, 1)] then unpark(company, version) end
  answers[#answers + 1] = answer
end

if #taken > 0 then
  local fence = string.format('%d', redis.call('INCR', prefix .. 'fence'))
  local lease = string.format('%d', time + tonumber(ARGV[6]))
  redis.call('HSET', batch_key(batch), 'owner', owner, 'fence', fence, 'lease', lease, 'n', #taken, unpack(fields))
  redis.call('ZADD', KEYS[2], lease, batch)
  for _, company in ipairs(taken) do redis.call('HSET', row_key(company), 'b', batch, 'g', epoch) end
  answers[3] = fence
end
return answers
