-- Rows that people have touched in the form: what is known of them follows what a look has shown.
-- ARGV: 3 operation.
--  judge: 4 clock before the form was asked, 5 how long a write may stay invisible, ms, 6 '1': a row that is gone stays
--         known, so that the next record dies, 7 letters that are asked for, 8 count, then per customer: company, row id
--         ('' there is none), hash of what the form shows ('' the key cell is wrong).
--         Returns OK, then per customer: = as it was known | ? nobody this Redis knows | b being written, or about to be
--         verified: later | g the row is gone | e other cells | m another row | as capitals: and the customer has to be asked
--         for, for `asked` | w<ms> the same, after this time.
--  asked: 4 count, then companies that have been asked for. One that is not stays due: whoever judged may have died.
-- A row that is gone becomes one that the index has not seen: the next record looks it up again before it makes one (I2).
-- Versions stay as they are, so nothing older gets a chance (I3).
if not index_ready() then return {'NOINDEX'} end
local time, answer = clock(), {'OK'}
-- Asked for so often that somebody, or some machine, must be undoing it: from 5 s to 10 min, forgotten after an hour.
local first, longest, memory = 5000, 600000, 3600000

-- Letter, when it was noticed, when it was asked for, how often, '1' while that is still due.
local function parse(text)
  local letter, noticed, asked, times, due = string.match(text or '', '^(%a) (%d+) (%d+) (%d+) (%d)$')
  return letter, tonumber(noticed or '0'), tonumber(asked or '0'), tonumber(times or '0'), due == '1'
end

local function note(key, letter, noticed, asked, times, due)
  redis.call('HSET', key, 'p', string.format('%s %d %d %d %d', letter, noticed, asked, times, due and 1 or 0))
end

if ARGV[3] == 'asked' then
  for n = 5, 4 + tonumber(ARGV[4]) do
    local key = row_key(ARGV[n])
    local letter, noticed, asked, times = parse(redis.call('HGET', key, 'p'))
    if letter then note(key, letter, noticed, asked, times, false) end
  end
  return answer
end

local began, invisible, stays, wanted = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7]

local function change(key, row, unseen, id, content)
  local held = bare(row[1])
  if id == '' then
    -- Found already.
    if not held or string.sub(row[5] or '', 1, #epoch + 1) == epoch .. '!' then return nil end
    -- A reading from before this moment does not count any more.
    if not unseen and not stays then redis.call('HSET', key, 'g', string.format('%s!%d', epoch, time)) end
    return 'g'
  elseif not held then
    return nil
  elseif held ~= id then
    if not unseen then
      redis.call('HSET', key, 'id', id, 'h', content, 'f', redis.call('HGET', KEYS[1], 'floor'))
    end
    return 'm'
  elseif content == '' then
    -- The key cell is wrong. The mark makes the next record differ from what is there; what stands behind it still tells
    -- whose row it is, for `keyless::known`.
    local was = row[2] or ''
    if was == '' or string.sub(was, 1, 1) == '!' then return nil end
    if not unseen then redis.call('HSET', key, 'h', '!' .. was) end
    return 'e'
  elseif (row[2] or '') ~= content then
    if not unseen then
      redis.call('HSET', key, 'id', id, 'h', content)
    end
    return 'e'
  end
  return nil
end

for n = 0, tonumber(ARGV[8]) - 1 do
  local company, id, content = ARGV[9 + n * 3], ARGV[10 + n * 3], ARGV[11 + n * 3]
  local key = row_key(company)
  local row = redis.call('HMGET', key, 'id', 'h', 'b', 'w', 'g', 'v', 'p', 'c')
  local live = row[3] and redis.call('EXISTS', batch_key(row[3])) == 1
  local word
  if live or not row[8] and redis.call('ZSCORE', KEYS[3], company) or tonumber(row[4] or '0') > began - invisible then
    word = 'b'
  elseif not row[1] and not row[6] then
    word = '?'
  else
    local letter, noticed, asked, times, due = parse(row[7])
    local fresh = change(key, row, row[5] ~= epoch, id, content)
    if fresh then letter, noticed = fresh, time end
    if not fresh and not due then
      word = '='
    elseif not due and not string.find(wanted, letter, 1, true) then
      word = letter
      note(key, letter, noticed, asked, times, false)
    else
      if time - asked > memory then times = 0 end
      local wait = times > 0 and math.min(first * 2 ^ (times - 1), longest) or 0
      if time < asked + wait then
        word = string.format('w%d', asked + wait - time)
        note(key, letter, noticed, asked, times, true)
      else
        word = string.upper(letter)
        note(key, letter, noticed, time, times + 1, true)
      end
    end
  end
  answer[#answer + 1] = word
end
return answer
