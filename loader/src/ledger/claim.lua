-- Decides for every record of a batch what has to be done, and takes the keys that have to be written.
-- ARGV: 3 owner, 4 batch, 5 transaction id, 6 lease ms, 7 '1' when an absent row may be one that was deleted, 8 count;
--       per record: company, version, hash, operation (u upsert, d delete, m mark), fetched at, set, clear.
-- Returns OK, clock, fence, then per record:
--   s stale | = unchanged | l landed: by this very record | n nothing to remove | f fetch again | c create | u<id> update | r<id> remove
--   (?<id>: the id was taken from an answer by its place, see schema.rs)
--   b<batch> busy in a live batch of the owner after the line break, both empty for a call that may still land
--   o<batch> left behind by a dead loader
if not index_ready() then return {'NOINDEX'} end

local owner, batch, transaction = ARGV[3], ARGV[4], ARGV[5]
local time = clock()
local margin = 5000
local built = tonumber(redis.call('HGET', KEYS[1], 'built') or '0')
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

for slot = 0, tonumber(ARGV[8]) - 1 do
  local at = 9 + slot * 7
  local company, version, hash, operation = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local fetched, set, clear = tonumber(ARGV[at + 4]), ARGV[at + 5], ARGV[at + 6]
  local key = row_key(company)
  local row = redis.call('HMGET', key, 'id', 'v', 'h', 'b', 'f', 'p', 'u')
  local id, known, content, holder, floor = row[1], row[2], row[3], row[4], tonumber(row[5] or '')
  local held = holder and redis.call('HMGET', batch_key(holder), 'lease', 'owner') or {false}
  -- The form shows content written at `floor` by a record whose version is lost: this one may be older.
  local doubtful = floor and fetched < floor + margin
  -- What was committed last was this very record, by a batch that was put off or whose loader died before it said so.
  local landed = known == version and not row[7]
  local target = row[6] and '?' .. id or id
  local answer

  if known and version < known then
    answer = 's'
  elseif held[1] then
    if tonumber(held[1]) > time then answer = 'b' .. holder .. '\n' .. held[2] else answer = 'o' .. holder end
  elseif operation == 'u' and id and content == hash then
    if not landed then redis.call('HSET', key, 'v', version, 'u', '1') end
    if not doubtful then redis.call('HDEL', key, 'f') end
    answer = landed and 'l' or '='
  elseif operation == 'm' and known == version and content == '' then
    answer = landed and 'l' or '='
  elseif operation ~= 'u' and not id then
    if not landed then redis.call('HSET', key, 'v', version, 'u', '1') end
    answer = landed and 'l' or 'n'
  elseif doubtful then
    answer = 'f'
  elseif operation == 'd' then
    take(slot, 'r', company, version, '', target, '')
    answer = 'r' .. target
  elseif id then
    take(slot, 'u', company, version, hash, target, join(set, clear))
    answer = 'u' .. target
  elseif not known and ARGV[7] == '1' and fetched < built + margin then
    answer = 'f'
  elseif tonumber(redis.call('ZSCORE', KEYS[3], company) or '0') > time then
    -- A call of unknown outcome may still make the row that is not there: as if it were held by that call.
    answer = 'b\n'
  else
    take(slot, 'c', company, version, hash, '', set)
    answer = 'c'
  end
  answers[#answers + 1] = answer
end

if #taken > 0 then
  local fence = string.format('%d', redis.call('INCR', prefix .. 'fence'))
  local lease = string.format('%d', time + tonumber(ARGV[6]))
  redis.call('HSET', batch_key(batch), 'owner', owner, 'fence', fence, 'lease', lease, 'n', #taken, unpack(fields))
  redis.call('ZADD', KEYS[2], lease, batch)
  for _, company in ipairs(taken) do redis.call('HSET', row_key(company), 'b', batch) end
  answers[3] = fence
end
return answers
