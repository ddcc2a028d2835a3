import { expect, test } from 'vitest'
import { InFlight } from '../../src/engine/in-flight.ts'

const entry = (untilUs: number, arm = 'a') => ({ arm, taskType: null, untilUs })

test('what is in flight is so until its deadline, or until it is taken out', () => {
  const inFlight = new InFlight()
  inFlight.add('x', entry(100))
  inFlight.add('y', entry(200, 'b'))
  expect([inFlight.count(99), inFlight.count(100), inFlight.count(200)]).toEqual([2, 1, 0])
  expect(inFlight.remove('x')).toEqual(entry(100))
  expect(inFlight.remove('x')).toBeUndefined()
  expect(inFlight.count(0)).toBe(1)
})

test('each expires exactly once, at its own deadline, in whichever order they came', () => {
  const inFlight = new InFlight()
  const deadlines = [50, 10, 40, 20, 30]
  for (const untilUs of deadlines) inFlight.add(`d${untilUs}`, entry(untilUs))
  const seen: number[] = []
  for (let nowUs = 0; nowUs <= 60; nowUs++) {
    for (const { untilUs } of inFlight.expire(nowUs)) {
      expect(untilUs).toBe(nowUs)
      seen.push(untilUs)
    }
  }
  expect(seen).toEqual([10, 20, 30, 40, 50])
  expect(inFlight.expire(1000)).toEqual([])
})

test('an entry added after others have expired still expires in time', () => {
  const inFlight = new InFlight()
  inFlight.add('late', entry(100))
  inFlight.add('early', entry(10))
  expect(inFlight.expire(10)).toEqual([entry(10)])
  inFlight.add('middle', entry(50))
  expect(inFlight.expire(50)).toEqual([entry(50)])
  expect(inFlight.expire(99)).toEqual([])
  expect(inFlight.expire(100)).toEqual([entry(100)])
})

test('beyond ten thousand the oldest no longer counts', () => {
  const inFlight = new InFlight()
  for (let i = 0; i < 10_003; i++) inFlight.add(`d${i}`, entry(1e6, `arm ${i}`))
  expect(inFlight.expire(0).map(({ arm }) => arm)).toEqual(['arm 0', 'arm 1', 'arm 2'])
  expect(inFlight.count(0)).toBe(10_000)
})

test('a restored one goes on like the original', () => {
  const original = new InFlight()
  for (const untilUs of [30, 10, 20]) original.add(`d${untilUs}`, entry(untilUs))
  original.remove('d20')
  const restored = new InFlight(JSON.parse(JSON.stringify(original.toState())))
  for (const inFlight of [original, restored]) inFlight.add('new', entry(15))
  for (const nowUs of [9, 10, 15, 29, 30]) expect(restored.expire(nowUs)).toEqual(original.expire(nowUs))
  expect(restored.toState()).toEqual(original.toState())
})
